"""What is searched: operations, edges, architecture strings and genotypes, both ways."""
