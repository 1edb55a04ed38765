namespace postrider::deliverd {}
