global using Traceability.Domain;
global using Traceability.Domain.Identifiers;
global using Traceability.Storage;
