using Wire = Traceability.Contracts.Node.V1;

namespace Traceability.Node.Imports;

/// <summary>Each record must stand in one row only, whatever it is called there.</summary>
internal sealed class SeenRecords<TKey>(Import import)
    where TKey : notnull
{
    private readonly Dictionary<TKey, Wire.ImportRow> _seen = [];

    /// <summary>Whether this is the first row of the record; another is an error.</summary>
    /// <param name="row">The row.</param>
    /// <param name="key">What the record is, whatever it is called.</param>
    /// <param name="name">What the row calls it.</param>
    public bool IsFirst(Wire.ImportRow row, TKey key, string name)
    {
        if (_seen.TryAdd(key, row))
        {
            return true;
        }

        import.Fail(row, "", Twice(name, row, _seen[key]));
        return false;
    }

    public static string Twice(string name, Wire.ImportRow row, Wire.ImportRow other) =>
        $"\"{name}\" is named twice, also in row {other.Row}{(other.Sheet == row.Sheet ? "" : $" of {other.Sheet}")}.";
}
