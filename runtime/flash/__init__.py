"""Writing firmware to boards: tools, debug probes, drives, bootloaders."""
