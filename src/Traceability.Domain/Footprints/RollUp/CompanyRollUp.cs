using Traceability.Domain.Parts;
using Traceability.Domain.Quantities;

namespace Traceability.Domain.Footprints.RollUp;

/// <summary>What a company knows, as far as a roll-up needs it.</summary>
/// <param name="Parts">The parts that are rolled up, and all that go into them directly.</param>
/// <param name="Bills">Lines in force, by the parts they go into. A part without lines is rolled up from its
/// own.</param>
/// <param name="Footprints">Contributions, typed figures and standing totals, by part.</param>
/// <param name="Upstreams">What suppliers have told, by bought part.</param>
/// <param name="Time">The moment for which it is rolled up: what has run out by then is missing.</param>
public sealed record CompanyRecords(
    IReadOnlyDictionary<TraceId, Part> Parts,
    IReadOnlyDictionary<TraceId, IReadOnlyList<BillOfMaterialsLine>> Bills,
    IReadOnlyDictionary<TraceId, Footprint> Footprints,
    ILookup<TraceId, UpstreamTotal> Upstreams,
    DateTimeOffset Time)
{
    /// <summary>The same company with other lines in some parts.</summary>
    public CompanyRecords WithBills(IEnumerable<(TraceId Parent, List<BillOfMaterialsLine> Lines)> bills)
    {
        var changed = new Dictionary<TraceId, IReadOnlyList<BillOfMaterialsLine>>(Bills);
        foreach (var (parent, lines) in bills)
        {
            Parts[parent].MustBe(PartKind.Made);
            changed[parent] = lines;
        }

        return this with { Bills = changed };
    }

    /// <summary>The same company with another contribution of a made part, or another figure of a bought one.</summary>
    public CompanyRecords WithFigures(TraceId traceId, Figures figures)
    {
        var footprint = Footprints.GetValueOrDefault(traceId) ?? Footprint.Unknown(traceId);
        var changed = this with
        {
            Footprints = new Dictionary<TraceId, Footprint>(Footprints)
            {
                [traceId] = footprint with { Contribution = figures, ValidUntil = null },
            },
        };
        return Parts[traceId].Kind == PartKind.Made
            ? changed
            : changed with { Upstreams = Others(traceId).ToLookup(one => one.TraceId) };
    }

    /// <summary>The same company with one supplier alone for a bought part.</summary>
    public CompanyRecords WithSupplier(TraceId traceId, UpstreamTotal? upstream) => this with
    {
        Bills = Bills.ToDictionary(bill => bill.Key, bill => (IReadOnlyList<BillOfMaterialsLine>)
        [
            .. bill.Value.Select(line => line.ChildTraceId == traceId ? line with { Suppliers = null } : line),
        ]),
        Footprints = Footprints.Where(one => one.Key != traceId).ToDictionary(),
        Upstreams = Others(traceId).Concat(upstream is null ? [] : [upstream]).ToLookup(one => one.TraceId),
    };

    private IEnumerable<UpstreamTotal> Others(TraceId traceId) =>
        Upstreams.Where(group => group.Key != traceId).SelectMany(group => group);
}

/// <summary>
/// The parts of one company as a graph that can be rolled up: made parts with their lines, and what suppliers or data
/// sets say of bought ones. The same for one part and for all.
/// </summary>
public sealed class CompanyRollUp
{
    private readonly Dictionary<TraceId, int> _numbers = [];
    private readonly List<TraceId> _made = [];
    private readonly Dictionary<TraceId, IReadOnlyList<(int Number, RollUpLine Line)>> _lines = [];
    private readonly CompanyRecords _records;
    private readonly RollUpTotals _totals;

    private CompanyRollUp(CompanyRecords records)
    {
        _records = records;
        foreach (var part in records.Parts.Values.Where(part => part.Kind == PartKind.Made))
        {
            _numbers.Add(part.TraceId, _made.Count);
            _made.Add(part.TraceId);
        }

        List<RollUpLine> bought = [];
        var (parents, children, amounts) = (new List<int>(), new List<int>(), new List<decimal>());
        foreach (var (parent, lines) in records.Bills)
        {
            List<(int, RollUpLine)> numbered = [];
            foreach (var line in lines.SelectMany(Inputs))
            {
                var number = _numbers.TryGetValue(line.ChildTraceId, out var made) ? made : _made.Count + bought.Count;
                if (number >= _made.Count)
                {
                    bought.Add(line);
                }

                numbered.Add((number, line));
                parents.Add(_numbers[parent]);
                children.Add(number);
                amounts.Add(line.Amount);
            }

            _lines.Add(parent, numbered);
        }

        _totals = new(
            RollUpGraph.Of(
                _made.Count + bought.Count, [.. parents], [.. children], [.. amounts]),
            FigureColumns.Count);
        _made.ForEach(SetMade);
        for (var index = 0; index < bought.Count; index++)
        {
            SetOwn(_made.Count + index, bought[index].ChildFigures, bought[index].Complete);
            Restore(_made.Count + index, bought[index].ChildFigures, bought[index].Complete);
        }
    }

    public static CompanyRollUp Of(CompanyRecords records) => new(records);

    /// <summary>Rolls up everything that has a bill of materials or a contribution, whatever stood before.</summary>
    public CompanyRollUp All()
    {
        _totals.Update(Enumerable.Range(0, _totals.Graph.Parts), _ => true);
        return this;
    }

    /// <summary>Rolls up parts that have changed, and those above them.</summary>
    /// <param name="changed">The parts; those that the company does not make are passed over.</param>
    /// <param name="decide">
    /// Told each result, children first; false if the part stays as it stood, for those above it, too.
    /// </param>
    public void Update(IEnumerable<TraceId> changed, Func<TraceId, RollUpResult, bool> decide) => _totals.Update(
        changed.Where(_numbers.ContainsKey).Select(traceId => _numbers[traceId]),
        number => decide(_made[number], Result(_made[number])));

    /// <summary>A made part as it is now, with what each line adds.</summary>
    public RollUpResult Result(TraceId traceId)
    {
        var number = _numbers[traceId];
        var marks = _totals.Marks(number);
        return new(
            FigureColumns.Read(_totals.Total(number), marks),
            (marks & (FigureColumns.Incomplete | RollUpTotals.Overflow)) == 0,
            Contribution(traceId),
            [.. _lines.GetValueOrDefault(traceId, []).Select(line => Line(line.Number, line.Line))])
        {
            Overflowed = (marks & RollUpTotals.Overflow) != 0,
        };
    }

    /// <summary>
    /// What a made part consists of, over all levels in the company: its own contribution, those of the parts in it,
    /// and what was bought; each with its share of the total. The amounts add up to the total exactly.
    /// </summary>
    public IReadOnlyList<HotSpot> HotSpots(TraceId traceId)
    {
        var quantities = _totals.Graph.QuantitiesIn(_numbers[traceId]);
        var total = _totals.Total(_numbers[traceId])[0];
        List<HotSpot> spots = [];
        foreach (var (made, index) in _made.Select((made, index) => (made, index)))
        {
            if (quantities[index] != 0 && Contribution(made) is { } own)
            {
                spots.Add(new(made, null, LineOrigin.Made, quantities[index] * own.Total, 0));
            }
        }

        var bought = _lines.Values.SelectMany(lines => lines).Where(line => line.Number >= _made.Count);
        foreach (var (number, line) in bought)
        {
            if (quantities[number] != 0 && line.ChildFigures is { } figures)
            {
                spots.Add(new(line.ChildTraceId, line.TradeId, line.Origin, quantities[number] * figures.Total, 0));
            }
        }

        return
        [
            .. spots.GroupBy(spot => (spot.TraceId, spot.TradeId, spot.Origin))
                .Select(group => group.First() with { Amount = group.Sum(spot => spot.Amount) })
                .Select(spot => spot with { Share = total == 0 ? 0 : Amount.Leaving(spot.Amount / total) })
                .OrderByDescending(spot => spot.Amount)
                .ThenBy(spot => spot.TraceId),
        ];
    }

    /// <summary>One line per supplier that has a share in it.</summary>
    private IEnumerable<RollUpLine> Inputs(BillOfMaterialsLine line)
    {
        var part = _records.Parts[line.ChildTraceId];
        if (part.Kind == PartKind.Made)
        {
            yield return Input(line, part, 1, null, LineOrigin.Made);
            yield break;
        }

        if (line.Suppliers is null or [])
        {
            var best = UpstreamTotal.Best(_records.Upstreams[line.ChildTraceId], _records.Time);
            yield return Input(line, part, 1, best, LineOrigin.Supplier);
            yield break;
        }

        foreach (var supplier in line.Suppliers)
        {
            var upstream = _records.Upstreams[line.ChildTraceId].FirstOrDefault(one => one.TradeId == supplier.TradeId);
            yield return Input(line, part, supplier.Share, upstream, LineOrigin.Supplier) with
            {
                TradeId = supplier.TradeId,
            };
        }
    }

    /// <summary>A supplier's answer counts before a figure that was typed from a data set.</summary>
    private RollUpLine Input(
        BillOfMaterialsLine line, Part part, decimal share, UpstreamTotal? upstream, LineOrigin origin)
    {
        var state = upstream?.StateAt(_records.Time);
        if (upstream is not null && state == LineState.Answered)
        {
            var unit = Unit.Find(upstream.DeclaredUnit!)!;
            return new(
                line, upstream.TradeId, origin, LineState.Answered, line.Quantity.In(unit) * share, unit,
                upstream.Figures, upstream.Complete, upstream.FootprintVersion);
        }

        var amount = line.Quantity.In(part.Unit) * share;
        if (part.Kind == PartKind.Bought && Contribution(part.TraceId) is { } typed)
        {
            return new(
                line, null, LineOrigin.DataSet, LineState.Answered, amount, part.Unit, typed, true, null);
        }

        return upstream is null && HasRunOut(part.TraceId)
            ? new(line, null, LineOrigin.DataSet, LineState.Expired, amount, part.Unit, null, false, null)
            : new(
                line, upstream?.TradeId, origin, state ?? LineState.Unanswered, amount, part.Unit, null, false, null);
    }

    /// <summary>What a made child has come to shows only after the roll-up.</summary>
    private RollUpLine Line(int number, RollUpLine line)
    {
        if (number >= _made.Count)
        {
            return line;
        }

        var marks = _totals.Marks(number);
        var figures = FigureColumns.Read(_totals.Total(number), marks);
        return line with
        {
            State = figures is null ? LineState.Unanswered : LineState.Answered,
            ChildFigures = figures,
            Complete = (marks & FigureColumns.Incomplete) == 0,
            Version = _records.Footprints.GetValueOrDefault(line.ChildTraceId)?.FootprintVersion,
        };
    }

    /// <summary>A part whose lines are not among the records counts as it stands.</summary>
    private void SetMade(TraceId traceId)
    {
        var standing = _records.Footprints.GetValueOrDefault(traceId);
        var number = _numbers[traceId];
        Restore(number, standing?.Figures, standing?.Complete ?? false);
        if (_records.Bills.ContainsKey(traceId))
        {
            SetOwn(number, Contribution(traceId), true);
        }
        else
        {
            SetOwn(number, standing?.Figures, standing?.Complete ?? false);
        }
    }

    private Figures? Contribution(TraceId traceId) =>
        _records.Footprints.GetValueOrDefault(traceId)?.ContributionAt(_records.Time);

    private bool HasRunOut(TraceId traceId) =>
        _records.Footprints.GetValueOrDefault(traceId)?.HasRunOut(_records.Time) ?? false;

    private void SetOwn(int number, Figures? figures, bool complete) =>
        _totals.OwnMarks(number) = FigureColumns.Write(figures, complete, _totals.Own(number));

    private void Restore(int number, Figures? figures, bool complete)
    {
        var row = new decimal[FigureColumns.Count];
        _totals.Restore(number, row, FigureColumns.Write(figures, complete, row));
    }
}
