"""Random graphs and foreign files, compared between references, interpreter and generated C."""
