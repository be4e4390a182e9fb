"""The tables of documents, signatories and signature requests: `documents.ports`."""
