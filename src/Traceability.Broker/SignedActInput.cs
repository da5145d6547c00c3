using Traceability.Hosting;

namespace Traceability.Broker;

/// <summary>A member's signature under what it does. Receivers judge it; the broker only passes it on.</summary>
internal static class SignedActInput
{
    private const int MaxLength = 4 * 1024;

    public static string SignedAct(this Input input, string signedAct) =>
        input.Text("signed_act", signedAct, 0, MaxLength);
}
