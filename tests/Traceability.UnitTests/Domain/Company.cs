using Traceability.Domain.Footprints;
using Traceability.Domain.Footprints.RollUp;
using Traceability.Domain.Parts;

namespace Traceability.UnitTests.Domain;

/// <summary>What a company knows, said in a line. Each step gives a new one.</summary>
internal sealed record Company
{
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 9, 0, 0, TimeSpan.Zero);

    /// <summary>Names are known to all, so that tests can share them.</summary>
    private readonly Dictionary<Guid, Part> _parts = [];

    private IReadOnlyDictionary<Guid, IReadOnlyList<BillOfMaterialsLine>> Bills { get; init; } =
        new Dictionary<Guid, IReadOnlyList<BillOfMaterialsLine>>();

    private IReadOnlyDictionary<Guid, Footprint> Footprints { get; init; } = new Dictionary<Guid, Footprint>();

    private IReadOnlyList<UpstreamTotal> Upstreams { get; init; } = [];

    public static Figures Of(decimal amount) => Figures.Of([new(LifeCycleStage.MainProduction, amount)]);

    public Guid Made(string name) => Add(name, PartKind.Made);

    public Guid Bought(string name) => Add(name, PartKind.Bought);

    public Company Own(Guid part, decimal amount) => Own(part, Of(amount));

    public Company Own(Guid part, Figures figures) => this with
    {
        Footprints = new Dictionary<Guid, Footprint>(Footprints)
        {
            [part] = (Footprints.GetValueOrDefault(part) ?? Footprint.Unknown(part)) with { Contribution = figures },
        },
    };

    public Company Standing(Guid part, RollUpResult result) => this with
    {
        Footprints = new Dictionary<Guid, Footprint>(Footprints)
        {
            [part] = (Footprints.GetValueOrDefault(part) ?? Footprint.Unknown(part)) with
            {
                Figures = result.Figures,
                Complete = result.Complete,
            },
        },
    };

    public Company Answer(Guid part, decimal amount) => Answer(part, Of(amount));

    public Company Answer(
        Guid part, Figures figures, bool complete = true, string unit = "kilogram", Guid? trade = null)
    {
        var id = trade ?? part;
        var answer = new UpstreamTotal(id, part, LineState.Answered, figures, complete, 1, unit, null, Now);
        return this with { Upstreams = [.. Upstreams.Where(one => one.TradeId != id), answer] };
    }

    public Company Contains(Guid parent, params (Guid Child, decimal Amount)[] lines) =>
        Contains(parent, [.. lines.Select(line => new BillOfMaterialsLine(line.Child, line.Amount, "kilogram"))]);

    public Company Contains(Guid parent, params BillOfMaterialsLine[] lines) => this with
    {
        Bills = new Dictionary<Guid, IReadOnlyList<BillOfMaterialsLine>>(Bills) { [parent] = lines },
    };

    public CompanyRecords Records => new(
        _parts,
        _parts.Values.Where(part => part.Kind == PartKind.Made)
            .ToDictionary(part => part.TraceId, part => Bills.GetValueOrDefault(part.TraceId, [])),
        Footprints,
        Upstreams.ToLookup(one => one.TraceId));

    public CompanyRollUp RollUp() => CompanyRollUp.Of(Records).All();

    private Guid Add(string name, PartKind kind)
    {
        var part = new Part(Guid.CreateVersion7(), name, kind, "kilogram", Now);
        _parts.Add(part.TraceId, part);
        return part.TraceId;
    }
}
