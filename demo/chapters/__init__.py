"""What happens to a made-up dispute, a chapter a file. Each function goes on with a story; how often it is called, the table of ways says."""
