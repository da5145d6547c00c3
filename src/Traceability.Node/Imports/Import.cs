using Google.Protobuf;
using Traceability.Domain.Parts;
using Traceability.Domain.Writings;
using Traceability.Hosting;
using Traceability.Node.Operators;
using Wire = Traceability.Contracts.Node.V1;

namespace Traceability.Node.Imports;

/// <summary>An import under way: how rows find parts, what is wrong with them, and what they change.</summary>
internal sealed class Import(OperatorSession session, Days days, Func<int, Task> progress)
{
    private const int MaxErrors = 10_000;

    /// <summary>Nobody reads more.</summary>
    private const int MaxChanges = 10_000;

    /// <summary>Often enough for a bar that moves, seldom enough to cost nothing.</summary>
    private const int ProgressEvery = 500;

    private readonly List<Wire.ImportError> _errors = [];
    private readonly List<Wire.ImportedChange> _changes = [];

    /// <summary>Parts by number as it is written; the session has them in one form of writing.</summary>
    private readonly Dictionary<string, Part> _numbers = new(StringComparer.Ordinal);

    /// <summary>Parts whose own row is wrong, by number and id: rows that name them are not blamed for it.</summary>
    private readonly HashSet<string> _doubtful = new(StringComparer.Ordinal);
    private int _done;

    public OperatorSession Session => session;

    public Days Days => days;

    public int Changed { get; private set; }

    public int Unchanged { get; private set; }

    public int ErrorCount { get; private set; }

    public IReadOnlyList<Wire.ImportError> Errors => _errors;

    public IReadOnlyList<Wire.ImportedChange> Changes => _changes;

    /// <summary>Rows name parts by number, and a circle may lead through any of them.</summary>
    public async Task FetchPartsAsync(CancellationToken cancellationToken)
    {
        foreach (var part in await session.FetchAllAsync<Part>(cancellationToken))
        {
            Know(part);
        }

        await session.FetchAllAsync<BillOfMaterials>(cancellationToken);
    }

    public void Know(Part part)
    {
        if (part.PartNumber.Length > 0)
        {
            _numbers.TryAdd(Writing.Kept(part.PartNumber), part);
            session.PartNumbers.TryAdd(Writing.Plain(part.PartNumber).Trim(), part);
        }
    }

    /// <summary>Reads a row into something; whatever is wrong with it becomes errors of the row.</summary>
    /// <returns>Whether nothing was wrong.</returns>
    public async Task<bool> DoAsync(Wire.ImportRow row, Func<Input, Task> act)
    {
        if (++_done % ProgressEvery == 0)
        {
            await progress(_done);
        }

        try
        {
            var input = new Input();
            await act(input);
            input.ThrowIfInvalid();
            return true;
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
            Fail(row, refused);
        }

        return false;
    }

    /// <summary>Does what a row says, and notes what it changes.</summary>
    /// <param name="row">The row.</param>
    /// <param name="stream">Whose state it is.</param>
    /// <param name="act">What it says.</param>
    /// <param name="record">The state as it can be imported; null where there is nothing to import.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<T> DoAsync<T>(
        Wire.ImportRow row, string stream, IAct<Decided<T>> act, Func<T, IMessage?> record,
        CancellationToken cancellationToken)
        where T : class, IState<T>
    {
        var before = await session.ReadAsync<T>(stream, cancellationToken);
        var decided = await act.HandleAsync(session, cancellationToken);
        Count(decided.Events.Count == 0 ? null : Change(row, before is null ? null : record(before)));
        return decided.State;

        Wire.ImportedChange Change(Wire.ImportRow row, IMessage? was) =>
            was is null ? RecordChange.New(row) : RecordChange.Of(row, was, record(decided.State)!);
    }

    /// <summary>One more record; null: all of it was so already.</summary>
    public void Count(Wire.ImportedChange? change)
    {
        if (change is null)
        {
            Unchanged++;
        }
        else if (Changed++ < MaxChanges)
        {
            _changes.Add(change);
        }
    }

    public void Doubt(params IEnumerable<string> names) => _doubtful.UnionWith(names);

    /// <summary>Whether the row of the part is wrong: then nothing is said about those that name it.</summary>
    public bool IsDoubtful(string name) =>
        _doubtful.Count > 0 && (_doubtful.Contains(name) || _doubtful.Contains(Writing.Kept(name)));

    /// <summary>The part that a row names, by number or trace id.</summary>
    public Part? Find(Input input, string field, string name)
    {
        var part = PartOf(name, out _);
        if (part is null && !IsDoubtful(name))
        {
            var other = session.PartNumbers.GetValueOrDefault(Writing.Plain(name).Trim());
            input.Violate(
                field, name,
                "must be the part number or trace id of a part, in this import or in the node"
                    + (other is null ? "." : $"; {other.PartNumber} is one, in another form of writing."));
        }

        return part;
    }

    public TraceId? TraceIdOf(string name) => PartOf(name, out var given)?.TraceId ?? given;

    /// <summary>A name that is the trace id of a part is that, also where another part has it as its number.</summary>
    private Part? PartOf(string name, out TraceId? given)
    {
        given = Guid.TryParseExact(name, "D", out var id) ? new TraceId(id) : null;
        return name.Length == 0 ? null
            : (given is { } traceId ? session.Known<Part>(StreamNames.Part(traceId)) : null) ?? Numbered(name);
    }

    /// <summary>The part that has the number, in just this form of writing.</summary>
    public Part? Numbered(string number) => _numbers.GetValueOrDefault(Writing.Kept(number));

    /// <summary>As rows name a part.</summary>
    public string NameOf(TraceId traceId) =>
        RecordExport.NameOf(session.Known<Part>(StreamNames.Part(traceId)), traceId);

    public void Fail(Wire.ImportRow row, string field, string description, string reason = "")
    {
        if (ErrorCount++ < MaxErrors)
        {
            _errors.Add(new()
            {
                Sheet = row.Sheet,
                Row = row.Row,
                Field = field,
                Description = description,
                Reason = reason,
            });
        }
    }

    public void Fail(Wire.ImportRow row, RefusedException refused) =>
        Fail(row, "", refused.Message, GrpcErrorNames.Of(refused.Reason));
}
