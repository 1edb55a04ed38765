namespace postrider::pop3d {}
