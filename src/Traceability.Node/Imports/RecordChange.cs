using Google.Protobuf;
using Google.Protobuf.Reflection;
using Traceability.Contracts.Common.V1;
using Wire = Traceability.Contracts.Node.V1;

namespace Traceability.Node.Imports;

/// <summary>What of a record becomes different, field by field, in the form in which it can be imported.</summary>
internal static class RecordChange
{
    /// <summary>A name is recognised by its beginning.</summary>
    private const int MaxShown = 60;

    /// <summary>What is new is compared with nothing.</summary>
    public static Wire.ImportedChange New(Wire.ImportRow row) => new() { Sheet = row.Sheet, Row = row.Row, New = true };

    public static Wire.ImportedChange Of(Wire.ImportRow row, IMessage before, IMessage after) => new()
    {
        Sheet = row.Sheet,
        Row = row.Row,
        Fields = { Differences(Fields(before), Fields(after)) },
    };

    /// <summary>The lines of a bill of materials, each by its child.</summary>
    public static Wire.ImportedChange Of(
        Wire.ImportRow row, IEnumerable<Wire.ImportedLine> before, IEnumerable<Wire.ImportedLine> after)
    {
        var change = new Wire.ImportedChange { Sheet = row.Sheet, Row = row.Row };
        change.Fields.AddRange(Differences(Lines(before), Lines(after)).Select(one =>
        {
            one.Field = "lines";
            return one;
        }));
        return change;
    }

    private static IEnumerable<Wire.ImportedFieldChange> Differences(
        Dictionary<string, string> was, Dictionary<string, string> becomes) =>
        from field in was.Keys.Union(becomes.Keys)
        let before = was.GetValueOrDefault(field, "")
        let after = becomes.GetValueOrDefault(field, "")
        where before != after
        select new Wire.ImportedFieldChange { Field = field, Before = Cut(before), After = Cut(after) };

    private static Dictionary<string, string> Lines(IEnumerable<Wire.ImportedLine> lines) =>
        lines.GroupBy(line => line.Child).ToDictionary(
            line => line.Key,
            line => $"{line.Key}: {line.First().Amount} {line.First().Unit}"
                + string.Concat(line.Where(one => one.Share.Length > 0)
                    .Select(one => $", {one.Share} of {one.TradeId}")),
            StringComparer.Ordinal);

    private static Dictionary<string, string> Fields(IMessage record)
    {
        Dictionary<string, string> fields = new(StringComparer.Ordinal);
        foreach (var field in record.Descriptor.Fields.InFieldNumberOrder())
        {
            if (field.FieldType == FieldType.String)
            {
                fields[field.Name] = (string)field.Accessor.GetValue(record);
            }
            else if (field.Accessor.GetValue(record) is Figures figures)
            {
                Add(fields, figures);
            }
        }

        return fields;
    }

    private static void Add(Dictionary<string, string> fields, Figures figures)
    {
        foreach (var stage in figures.Stages)
        {
            var name = Snake($"{stage.Stage}");
            fields[name] = stage.Amount;
            if (stage.Rating is { } rating)
            {
                (fields[$"{name}_technology"], fields[$"{name}_geography"], fields[$"{name}_time"]) =
                    (rating.Technology, rating.Geography, rating.Time);
            }
        }

        foreach (var component in figures.Components)
        {
            fields[component.Component] = component.Amount;
        }

        fields["primary_share"] = figures.PrimaryShare;
    }

    private static string Snake(string name) => string.Concat(name.Select((letter, index) =>
        char.IsUpper(letter) && index > 0 ? $"_{letter}" : $"{letter}")).ToLowerInvariant();

    private static string Cut(string text) => text.Length <= MaxShown ? text : $"{text[..MaxShown]}...";
}
