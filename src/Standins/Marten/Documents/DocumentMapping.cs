using System.Reflection;

namespace Marten.Documents;

/// <summary>Settings of one type of document.</summary>
public sealed class DocumentMapping<T>
    where T : notnull
{
    private readonly DocumentMapping _mapping;

    internal DocumentMapping(DocumentMapping mapping) => _mapping = mapping;

    public DocumentMapping<T> UseNumericRevisions(bool enabled)
    {
        _mapping.UsesRevisions = enabled;
        return this;
    }
}

/// <summary>Where documents of a type are stored.</summary>
internal sealed class DocumentMapping(Type type)
{
    private readonly PropertyInfo _id = type.GetProperty("Id")
        ?? throw new InvalidOperationException($"{type} has no property Id.");

    public Type Type { get; } = type;

    public string Table { get; } = $"mt_doc_{type.Name.ToLowerInvariant()}";

    public bool UsesRevisions { get; set; }

    public string IdOf(object document) => (string)_id.GetValue(document)!;
}
