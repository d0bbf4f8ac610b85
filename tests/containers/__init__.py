"""What only a container engine can show: the images, the compose project, ZooKeeper in containers."""
