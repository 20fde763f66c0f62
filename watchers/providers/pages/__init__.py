"""Any web page that says by schema.org what it sells: fetched politely, read without guessing."""
