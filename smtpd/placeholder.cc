namespace postrider::smtpd {}
