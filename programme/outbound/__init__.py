"""The only modules that speak to other machines; nothing here holds a row or a connection while it waits."""
