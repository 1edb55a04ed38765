namespace postrider::queued {}
