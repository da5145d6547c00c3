using Marten;
using Traceability.Domain.Operators;
using Traceability.Hosting;

namespace Traceability.Broker.Directory;

/// <summary>Which members exist for a caller: all for administrators, for nodes those that it concerns.</summary>
internal static class Visible
{
    /// <exception cref="RefusedException">There is none, or not for this caller: one answer.</exception>
    public static async Task<Operator> MemberAsync(
        IQuerySession session, Caller caller, OperatorId id, CancellationToken cancellationToken)
    {
        var batch = session.CreateBatchQuery();
        var (reading, knowing) = (
            batch.Load<Operator>(StreamNames.Operator(id)),
            batch.Load<Acquaintance>(StreamNames.Acquaintance(caller.OperatorId, id)));
        await batch.Execute(cancellationToken);
        var (member, known) = (await reading, await knowing);
        var may = member is { IsListed: true } || known is not null || SeesAll(caller) || id == caller.OperatorId;
        return Members.Known(may ? member : null, id);
    }

    public static async Task<IQueryable<Operator>> ToAsync(
        IQuerySession session, Caller caller, CancellationToken cancellationToken)
    {
        var all = session.Query<Operator>();
        if (SeesAll(caller))
        {
            return all;
        }

        var own = caller.OperatorId;
        var pairs = await session.Query<Acquaintance>().Where(pair => pair.OneId == own || pair.OtherId == own)
            .ToListAsync(cancellationToken);
        string[] known =
        [
            StreamNames.Operator(own),
            .. pairs.Select(pair => StreamNames.Operator(pair.OneId == own ? pair.OtherId : pair.OneId)),
        ];
        return all.Where(member => member.Listed == null || member.Listed == true || member.Id.IsOneOf(known));
    }

    private static bool SeesAll(Caller caller) => caller.Roles.Contains(Roles.Administrator);
}
