"""What a template is sent as: `template.json` and its files, read strictly."""
