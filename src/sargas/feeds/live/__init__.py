"""Live feeds: transports that bring bytes, codecs that read them, and the supervision of both."""
