"""How a person is told (``page``), and everything that is kept about them (``mydata``)."""
