"""What is filed: 工单 with their categories, places, clocks and history."""
