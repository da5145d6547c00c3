namespace Traceability.Exports.Documents;

/// <summary>Rounds parts so that they still add up to the rounded total.</summary>
public static class Apportionment
{
    /// <summary>
    /// Each part is cut off after the decimals; what is missing to the rounded total goes, one step each, to the parts
    /// that lost most.
    /// </summary>
    /// <param name="parts">Exact; they add up to the exact total.</param>
    /// <param name="decimals">How many places are kept.</param>
    public static (decimal Total, IReadOnlyList<decimal> Parts) Of(IReadOnlyList<decimal> parts, int decimals)
    {
        var step = 1m;
        for (var place = 0; place < decimals; place++)
        {
            step /= 10;
        }

        var total = Math.Round(parts.Sum(), decimals, MidpointRounding.ToEven);
        decimal[] cut = [.. parts.Select(part => Math.Floor(part / step) * step)];
        var missing = (int)((total - cut.Sum()) / step);
        foreach (var index in parts.Index().OrderByDescending(part => part.Item - cut[part.Index])
            .ThenBy(part => part.Index).Take(missing).Select(part => part.Index))
        {
            cut[index] += step;
        }

        return (total, cut);
    }
}
