using Marten;
using Traceability.Domain.Operators;

namespace Traceability.Broker.Directory;

/// <summary>A member lets another show that it was invited.</summary>
/// <param name="CodeHash">Of the code, which is kept nowhere.</param>
internal sealed record InvitePartner(string CodeHash) : IAct<Decided<Invitation>>
{
    public string Turn => StreamNames.Invitation(CodeHash);

    public async Task<Decided<Invitation>> HandleAsync(BrokerSession session, CancellationToken cancellationToken)
    {
        await session.CallerAsync(cancellationToken);
        var documents = await session.DocumentsAsync(cancellationToken);
        var open = await documents.Query<Invitation>().CountAsync(
            one => one.InviterId == session.Caller && one.InviteeId == null && one.ValidUntil > session.Now,
            cancellationToken);
        Invitation.MustHaveRoom(open);
        return await session.DecideAsync<Invitation>(
            StreamNames.Invitation(CodeHash), _ => Invitation.Invite(session.Caller, session.Now), cancellationToken);
    }
}
