"""The small web form, and what vendors call back."""
