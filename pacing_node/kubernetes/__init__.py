"""What a pod says about itself to the API server of its cluster."""
