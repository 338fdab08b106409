"""The words of the house: fixes, assets, alerts, time, geodesy. It imports no other room."""
