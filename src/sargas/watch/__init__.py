"""The watch: a pure fold from fixes to alerts. Order, clean, locate, detect, judge."""
