# Programs over outputs/.
