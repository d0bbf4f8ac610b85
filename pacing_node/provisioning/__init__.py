"""What the service needs in the contact centre's configuration, and how it gets there."""
