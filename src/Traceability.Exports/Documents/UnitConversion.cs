using Traceability.Domain.Quantities;
using static Traceability.Exports.ExportValue;

namespace Traceability.Exports.Documents;

/// <summary>
/// Where a standard does not know the declared unit of the part and knows another of the same kind, all that is told
/// per declared unit is told per that one: a tonne as kilograms. Only where every digit stays.
/// </summary>
internal static class UnitConversion
{
    /// <param name="sources">All values; they are changed where the unit is.</param>
    /// <param name="known">The units that the standard knows; null: any.</param>
    public static void Apply(Dictionary<string, ExportValue> sources, IReadOnlyList<string>? known)
    {
        if (known is null || sources["part.unit"] is not Text(var name) || known.Contains(name)
            || Unit.Find(name) is not { } ours)
        {
            return;
        }

        foreach (var theirs in Unit.All.Where(unit => known.Contains(unit.Name) && unit.ConvertsTo(ours)))
        {
            if (Times(theirs.Factor / ours.Factor, ours.Factor) == theirs.Factor
                && Converted(sources, theirs.Factor / ours.Factor) is { } converted)
            {
                converted.ForEach(one => sources[one.Name] = one.Value);
                sources["part.unit"] = new Text(theirs.Name);
                return;
            }
        }
    }

    /// <summary>Null where a digit would be lost.</summary>
    private static List<(string Name, Number Value)>? Converted(
        Dictionary<string, ExportValue> sources, decimal ratio)
    {
        List<(string, Number)> converted = [];
        foreach (var (name, value) in sources)
        {
            if (value is not Number { PerUnit: true } number)
            {
                continue;
            }

            if (Times(number.Value, ratio) is not { } amount)
            {
                return null;
            }

            converted.Add((name, ExportSources.Exact(amount) with { PerUnit = true }));
        }

        return converted;
    }

    /// <summary>A product that has all the places of its factors lost none of them; null if it did.</summary>
    private static decimal? Times(decimal one, decimal other)
    {
        var (left, right) = (ExportSources.Exact(one).Value, ExportSources.Exact(other).Value);
        var product = left * right;
        return product.Scale == left.Scale + right.Scale ? product : null;
    }
}
