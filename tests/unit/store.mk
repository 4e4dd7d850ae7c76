# Programs over store/.
