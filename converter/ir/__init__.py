"""The intermediate representation: graph, operators, rules, text form, costs."""
