using System.Globalization;
using Traceability.Domain;
using Traceability.Domain.Footprints;
using Traceability.Domain.Parts;
using Traceability.Domain.Quantities;
using Traceability.Domain.Releases;
using Traceability.Domain.Trades;
using Traceability.Hosting;
using Traceability.Node.Exchange;
using Traceability.Node.Footprints;
using Traceability.Node.Operators;
using Traceability.Storage;
using Wire = Traceability.Contracts.Node.V1;

namespace Traceability.Node.Imports;

/// <summary>One record that the import changes: what follows from it is queued in the same transaction.</summary>
internal sealed record PlannedChange(Func<Work, CancellationToken, Task> Store);

/// <summary>
/// Checks rows against each other and against what is there, and lists what would change. Everything is checked,
/// whatever is wrong: a person mends a sheet once.
/// </summary>
internal sealed class ImportPlan(HostedOperator op, ImportRecords existing, DateTimeOffset now)
{
    private const int MaxMessage = 1000;
    private const int MaxErrors = 10_000;

    private readonly List<Wire.ImportError> _errors = [];
    private readonly List<PlannedChange> _changes = [];
    private readonly Dictionary<Guid, Part> _parts = new(existing.Parts);
    private readonly Dictionary<string, Guid> _byNumber = new(existing.PartNumbers, StringComparer.Ordinal);
    private readonly HashSet<Guid> _touched = [];

    /// <summary>Parts whose own row is wrong: rows that name them are not blamed for it.</summary>
    private readonly HashSet<Guid> _doubtful = [];

    /// <summary>What is to be stored.</summary>
    public IReadOnlyList<PlannedChange> Changes => _changes;

    /// <summary>The parts that are to be rolled up.</summary>
    public IReadOnlyCollection<Guid> Touched => _touched;

    public int Unchanged { get; private set; }

    public int ErrorCount { get; private set; }

    public IReadOnlyList<Wire.ImportError> Errors => _errors;

    /// <summary>Parts first: all other rows name them.</summary>
    public void Check(IReadOnlyList<Wire.ImportRow> rows)
    {
        CheckEach(rows, row => row.Part, CheckPart, part => part.PartNumber);
        CheckLines([.. rows.Where(row => row.RecordCase == Wire.ImportRow.RecordOneofCase.Line)]);
        CheckEach(rows, row => row.Contribution, CheckContribution, contribution => contribution.Part);
        CheckEach(
            rows, row => row.Trade, CheckTrade, trade => $"{trade.TradeId}|{trade.Part}|{trade.SupplierOperatorId}");
        CheckEach(rows, row => row.Answer, CheckAnswer, answer => answer.TradeId);
        foreach (var row in rows.Where(row => row.RecordCase == Wire.ImportRow.RecordOneofCase.None))
        {
            Fail(row, "", "\"\" is not valid: the row must hold a record.");
        }
    }

    private void CheckEach<T>(
        IReadOnlyList<Wire.ImportRow> rows, Func<Wire.ImportRow, T?> of, Action<Input, T> check, Func<T, string> key)
        where T : class
    {
        HashSet<string> seen = [];
        foreach (var row in rows)
        {
            if (of(row) is { } record)
            {
                Guard(row, input => check(input, record));
                if (key(record) is { Length: > 0 } one && !seen.Add(one))
                {
                    Fail(row, "", $"\"{one}\" is not valid: each must stand in one row only.");
                }
            }
        }
    }

    private void CheckPart(Input input, Wire.ImportedPart row)
    {
        var number = input.Text("part_number", row.PartNumber, 1, Parts.PartServer.MaxPartNumber);
        var name = input.Text("name", row.Name, 1, Parts.PartServer.MaxName);
        var kind = input.OneOf("kind", row.Kind, ["made", "bought"]) == "made" ? PartKind.Made : PartKind.Bought;
        var unit = input.Unit("unit", row.Unit);
        var id = row.TraceId.Length > 0
            ? input.Id("trace_id", row.TraceId)
            : NamedId.Of(op.OperatorId, $"part {number}");
        if (input.HasViolations)
        {
            _doubtful.Add(id);
            _parts.TryAdd(id, new(id, name, kind, unit.Name, now));
            _byNumber.TryAdd(number, id);
        }

        input.ThrowIfInvalid();
        if (_byNumber.TryGetValue(number, out var taken) && taken != id)
        {
            input.Violate("part_number", number, $"must be new: it is that of part {taken}.");
            input.ThrowIfInvalid();
        }

        var wanted = new PartRegistered(id, name, kind, unit.Name, now, number);
        var part = existing.Parts.GetValueOrDefault(id);
        Plan<Part>(Keys.Part(id), part, before => Part.Register(before, wanted));
        _parts[id] = part ?? Part.Evolve(null, wanted)!;
        _byNumber[number] = id;
    }

    /// <summary>A bill of materials is one thing, whose lines stand in several rows.</summary>
    private void CheckLines(IReadOnlyList<Wire.ImportRow> rows)
    {
        List<ReadLine> read = [];
        foreach (var row in rows)
        {
            Guard(row, input =>
            {
                var parent = Find(input, "parent", row.Line.Parent);
                var child = Find(input, "child", row.Line.Child);
                var wire = new Contracts.Common.V1.Quantity { Amount = row.Line.Amount, Unit = row.Line.Unit };
                var quantity = input.Positive("", wire);
                var share = row.Line is { TradeId: "", Share: "" }
                    ? null
                    : new SupplierShare(
                        input.Id("trade_id", row.Line.TradeId), input.Within("share", row.Line.Share, 0, 1));
                input.ThrowIfInvalid();
                if (IsDoubtful(parent) || IsDoubtful(child))
                {
                    return;
                }

                parent!.MustBe(PartKind.Made);
                _ = quantity.In(child!.Unit);
                read.Add(new(row, parent.TraceId, child.TraceId, quantity, share));
            });
        }

        var bills = new Dictionary<Guid, IReadOnlyList<BillOfMaterialsLine>>(existing.Lines);
        List<(Wire.ImportRow First, Guid Parent)> declared = [];
        foreach (var bill in read.GroupBy(line => line.Parent))
        {
            List<BillOfMaterialsLine> lines = [];
            foreach (var line in bill.GroupBy(one => one.Child))
            {
                lines.Add(CheckShares([.. line]));
            }

            bills[bill.Key] = lines;
            declared.Add((bill.First().Row, bill.Key));
        }

        // Each bill is judged with all others of the import in place.
        foreach (var (row, parent) in declared)
        {
            Guard(row, _ =>
            {
                var lines = bills[parent];
                Plan<BillOfMaterials>(
                    Keys.BillOfMaterials(parent),
                    existing.Bills.GetValueOrDefault(parent),
                    bill => BillOfMaterials.Declare(
                        bill, _parts[parent], lines, null, _parts,
                        at => bills.GetValueOrDefault(at, []).Select(line => line.ChildTraceId), now),
                    work => work.Line(parent, lines.Select(line => line.ChildTraceId)),
                    parent);
            });
        }
    }

    /// <summary>Rows of the same parent and child are shares of one line.</summary>
    private BillOfMaterialsLine CheckShares(IReadOnlyList<ReadLine> rows)
    {
        var (first, last) = (rows[0], rows[^1]);
        var shares = rows.Select(one => one.Share).OfType<SupplierShare>().ToArray();
        if (rows.Count > 1 && (shares.Length < rows.Count || rows.Any(one => one.Quantity != first.Quantity)))
        {
            Fail(last.Row, "child", $"\"{last.Row.Line.Child}\" is not valid: must be named once per parent; add the "
                + "amounts, or give the same amount with a share of each trade.");
        }
        else if (shares.Length > 0 && shares.Sum(one => one.Share) != 1)
        {
            Fail(first.Row, "share", $"\"{shares.Sum(one => one.Share)}\" is not valid: shares must sum to 1.");
        }

        return new(
            first.Child, first.Quantity.Amount, first.Quantity.Unit.Name, shares.Length == 0 ? null : shares);
    }

    private void CheckContribution(Input input, Wire.ImportedContribution row)
    {
        var part = Find(input, "part", row.Part);
        var figures = WireFigures.Read(input, "figures", row.Figures);
        var (start, end) = (Day(input, "start_date", row.StartDate), Day(input, "end_date", row.EndDate));
        if (start is not null && end < start)
        {
            input.Violate("end_date", row.EndDate, "must not be before start_date.");
        }

        if (start is null && row.StartDate.Length == 0)
        {
            input.Violate("start_date", "", "must be the first day of the reference period, such as 2026-01-01.");
        }

        if (end is null && row.EndDate.Length == 0)
        {
            input.Violate("end_date", "", "must be the last day of the reference period, such as 2026-12-31.");
        }

        var source = input.Text("source", row.Source, 0, ContributionInput.MaxSource);
        var until = Day(input, "valid_until_date", row.ValidUntilDate)?.AddDays(1);
        input.ThrowIfInvalid();
        if (IsDoubtful(part))
        {
            return;
        }

        var period = new ReferencePeriod(start!.Value, end!.Value.AddDays(1));
        var declared = ContributionInput.Of(part!.TraceId, figures, period, source, until, now);
        Plan<Footprint>(
            Keys.Footprint(part.TraceId),
            existing.Footprints.GetValueOrDefault(part.TraceId),
            footprint => Footprint.Declare(footprint, part, declared),
            _ => { },
            part.TraceId);
    }

    private void CheckTrade(Input input, Wire.ImportedTrade row)
    {
        var part = Find(input, "part", row.Part);
        var supplier = input.Id("supplier_operator_id", row.SupplierOperatorId);
        if (supplier != Guid.Empty && !existing.Members.Contains(supplier))
        {
            input.Violate("supplier_operator_id", supplier, "must be an operator of the federation.");
        }

        var message = input.Text("message", row.Message, 0, MaxMessage);
        var due = Day(input, "due_date", row.DueDate);
        var id = row.TradeId.Length > 0
            ? input.Id("trade_id", row.TradeId)
            : NamedId.Of(op.OperatorId, $"trade {part?.TraceId} {supplier}");
        input.ThrowIfInvalid();
        if (IsDoubtful(part))
        {
            return;
        }

        part!.MustBe(PartKind.Bought);
        var requested = new TradeRequested(
            id, op.OperatorId, supplier, part.TraceId, message, due, now, part.DeclaredUnit);
        Plan<Trade>(
            Keys.Trade(id),
            existing.Trades.GetValueOrDefault(id),
            trade => Trade.Request(trade, requested),
            work =>
            {
                work.Trade(part.TraceId, id);
                work.Send(Outbox.TradeRequest, id, new TradeRequestToSend(supplier, message, due, part.DeclaredUnit));
            });
    }

    private void CheckAnswer(Input input, Wire.ImportedAnswer row)
    {
        var id = input.Id("trade_id", row.TradeId);
        var part = Find(input, "part", row.Part);
        FootprintField[] fields =
        [
            .. row.Fields.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                .Select(name => input.OneOf("fields", name, ["total", "stages", "rating", "components"]))
                .Select(name => Enum.TryParse<FootprintField>(name, ignoreCase: true, out var field) ? field : default),
        ];
        if (fields.Length > 0 && !fields.Contains(FootprintField.Total) && !fields.Contains(FootprintField.Stages))
        {
            input.Violate("fields", row.Fields, "must name the total or the stages, or nothing.");
        }

        var purpose = fields.Length == 0 ? "" : input.OneOf("purpose", row.Purpose, Purposes.All);
        var until = Day(input, "valid_until_date", row.ValidUntilDate)?.AddDays(1);
        input.ThrowIfInvalid();
        if (IsDoubtful(part))
        {
            return;
        }

        part!.MustBe(PartKind.Made);
        var trade = existing.Trades.GetValueOrDefault(id)
            ?? throw RefusedException.NotDisclosed("Trade", "trade_id", id);
        var partRef = op.Keys.PartRef(part.TraceId);
        Plan<Trade>(
            Keys.Trade(id),
            trade,
            before => before!.Accept(part.TraceId, part.Unit, partRef, op.OperatorId, now),
            work =>
            {
                work.Trade(part.TraceId, id);
                work.Send(Outbox.TradeAccept, id, new TradeAcceptToSend(partRef));
            });
        if (fields.Length > 0)
        {
            var accepted = trade with { Status = TradeStatus.Accepted };
            var release = existing.Releases.GetValueOrDefault(id);
            Plan<Release>(
                Keys.Release(id),
                release,
                before => Release.Grant(before, accepted, op.OperatorId, fields, purpose, until, now),
                work =>
                {
                    work.Send(Outbox.ReleaseGrant, id, new ReleaseToSend((release?.Revision ?? 0) + 1));
                    work.Send(Outbox.Disclosure, id);
                });
        }
    }

    /// <summary>Decides on what is known now; stored is what is decided again in the transaction.</summary>
    private void Plan<T>(
        string key, T? before, Func<T?, object[]> decide, Action<Work>? consequences = null, Guid? touched = null)
        where T : class
    {
        if (decide(before).Length == 0)
        {
            Unchanged++;
            return;
        }

        if (touched is { } part)
        {
            _touched.Add(part);
        }

        _changes.Add(new(async (work, cancellationToken) =>
        {
            if (before is null)
            {
                work.Start<T>(key, decide(null));
            }
            else
            {
                await work.DecideAsync(key, decide, cancellationToken);
            }

            consequences?.Invoke(work);
        }));
    }

    private bool IsDoubtful(Part? part) => part is not null && _doubtful.Contains(part.TraceId);

    private sealed record ReadLine(
        Wire.ImportRow Row, Guid Parent, Guid Child, Quantity Quantity, SupplierShare? Share);

    private Part? Find(Input input, string field, string name)
    {
        var id = _byNumber.TryGetValue(name, out var numbered)
            ? numbered
            : Guid.TryParseExact(name, "D", out var given) ? given : Guid.Empty;
        var part = _parts.GetValueOrDefault(id);
        if (part is null)
        {
            input.Violate(field, name, "must be the part number or trace id of a part, in this import or in the node.");
        }

        return part;
    }

    private static DateTimeOffset? Day(Input input, string field, string value)
    {
        if (value.Length == 0)
        {
            return null;
        }

        if (!DateOnly.TryParseExact(value, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
            || day.Year is < 1900 or > 9998)
        {
            input.Violate(field, value, "must be a day such as 2026-12-31.");
            return null;
        }

        return new(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero);
    }

    private void Guard(Wire.ImportRow row, Action<Input> check)
    {
        try
        {
            var input = new Input();
            check(input);
            input.ThrowIfInvalid();
        }
        catch (InvalidRequestException invalid)
        {
            foreach (var violation in invalid.Violations)
            {
                Fail(row, violation.Field.TrimStart('.'), violation.Description);
            }
        }
        catch (RefusedException refused)
        {
            Fail(row, "", refused.Message);
        }
    }

    private void Fail(Wire.ImportRow row, string field, string description)
    {
        if (ErrorCount++ < MaxErrors)
        {
            _errors.Add(new() { Sheet = row.Sheet, Row = row.Row, Field = field, Description = description });
        }
    }
}
