"""Who may do what: an evaluator of AWS policies, and the map from requests to what must be allowed for them."""
