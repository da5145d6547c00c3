global using Traceability.Domain.Identifiers;
