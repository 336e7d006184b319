"""The main job in one go, told as a story, through the contract alone: it runs on any broker."""
