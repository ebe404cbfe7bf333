"""What a finished run leaves besides its weights: pictures and a card."""
