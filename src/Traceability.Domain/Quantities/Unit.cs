namespace Traceability.Domain.Quantities;

/// <summary>
/// What a quantity counts. Units of one dimension convert by a fixed, exact factor; all others never do.
/// </summary>
public sealed record Unit(string Name, string Symbol, string Dimension, decimal Factor)
{
    public static readonly Unit Kilogram = new("kilogram", "kg", "mass", 1m);

    /// <summary>PACT 3.0.3's declared units, and the multiples people write on delivery notes.</summary>
    public static IReadOnlyList<Unit> All { get; } =
    [
        new("piece", "pc", "count", 1m),
        Kilogram,
        new("gram", "g", "mass", 0.001m),
        new("tonne", "t", "mass", 1000m),
        new("liter", "l", "volume", 1m),
        new("cubic meter", "m3", "volume", 1000m),
        new("square meter", "m2", "area", 1m),
        new("megajoule", "MJ", "energy", 1m),
        new("watt hour", "Wh", "energy", 0.0036m),
        new("kilowatt hour", "kWh", "energy", 3.6m),
        new("ton kilometer", "tkm", "transport", 1m),
        new("hour", "h", "time", 1m),
        new("megabit second", "Mbit s", "data", 1m),
    ];

    private static readonly Dictionary<string, Unit> ByText = new(
        All.SelectMany(unit => new[] { KeyValuePair.Create(unit.Name, unit), KeyValuePair.Create(unit.Symbol, unit) }),
        StringComparer.Ordinal);

    public static Unit? Find(string text) => ByText.GetValueOrDefault(text);

    public bool ConvertsTo(Unit other) => Dimension == other.Dimension;

    /// <summary>The units that a quantity of something declared in this unit may be given in.</summary>
    public string Accepted => string.Join(", ", All.Where(ConvertsTo).Select(unit => unit.Name));

    public override string ToString() => Name;
}
