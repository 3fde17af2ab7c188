"""What the assistant does: thin Rasa SDK actions that call the services below them."""
