"""What people see, in one way for all services: layout, design system, forms and their safety."""
