using Traceability.Domain.Operators;

namespace Traceability.Broker.Directory;

/// <summary>Who was invited shows it. Both know each other from then on.</summary>
/// <param name="CodeHash">Of the code.</param>
/// <returns>Who invited.</returns>
internal sealed record AcceptInvitation(string CodeHash) : IAct<Operator>
{
    public string Turn => StreamNames.Invitation(CodeHash);

    public async Task<Operator> HandleAsync(BrokerSession session, CancellationToken cancellationToken)
    {
        await session.CallerAsync(cancellationToken);
        var accepted = await session.DecideAsync<Invitation>(
            StreamNames.Invitation(CodeHash),
            invitation => Invitation.Accept(invitation, session.Caller, session.Now),
            cancellationToken);
        var inviter = accepted.State.InviterId;
        await session.IntroduceAsync(inviter, IntroducedBy.Invitation, cancellationToken);
        return Members.Known(
            await session.ReadAsync<Operator>(StreamNames.Operator(inviter), cancellationToken), inviter);
    }
}
