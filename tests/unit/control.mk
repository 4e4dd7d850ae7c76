# Programs over control/.
