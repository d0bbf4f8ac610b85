"""What members say to each other over gRPC on the clustering port."""
