"""The wire of DokStamp: academic records, certificates, documents, signatures."""
