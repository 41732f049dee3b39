"""Data distillation: a teacher's detections in unlabelled images become annotations (Appendix B)."""
