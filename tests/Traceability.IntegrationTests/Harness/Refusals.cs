using System.Text;
using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;

namespace Traceability.IntegrationTests.Harness;

/// <summary>What a refusal says to programs.</summary>
internal static class Refusals
{
    public static string Reason(RpcException refused) => Info(refused).Reason;

    public static ErrorInfo Info(RpcException refused) => Detail<ErrorInfo>(refused);

    public static IReadOnlyList<BadRequest.Types.FieldViolation> Violations(RpcException refused) =>
        Detail<BadRequest>(refused).FieldViolations;

    /// <summary>What a question is answered with, to the last byte, but for the id that was asked for: status, text, and all
    /// headers and trailers without the date.</summary>
    public static async Task<string> AnswerAsync(Func<string, Task> ask, string id)
    {
        try
        {
            await ask(id);
            return "answered";
        }
        catch (RpcException refused)
        {
            var trailers = refused.Trailers.Where(entry => entry.Key != "date")
                .Select(entry => $"{entry.Key}: {(entry.IsBinary ? Encoding.Latin1.GetString(entry.ValueBytes) : entry.Value)}");
            return $"{refused.StatusCode} {refused.Status.Detail}\n{string.Join('\n', trailers)}"
                .Replace(id, "...", StringComparison.Ordinal);
        }
    }

    private static T Detail<T>(RpcException refused)
        where T : class, IMessage<T>, new() => refused.GetRpcStatus()!.GetDetail<T>()!;
}
