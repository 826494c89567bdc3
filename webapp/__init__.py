"""Edge 1: a browser or a program asks.  The only place that knows Flask and HTTP."""
