"""What a user asks for: settings, methods by name, and how a config is read."""
