using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Traceability.Domain;

namespace Traceability.Hosting;

/// <summary>
/// Bytes that are no message of the rpc fail before any interceptor is asked, as an unknown fault of the server. It
/// is the caller's: the status becomes INVALID_ARGUMENT, with the same details as every other refusal.
/// </summary>
internal static class UnreadableRequests
{
    private const string StatusName = "grpc-status";
    private const string MessageName = "grpc-message";
    public const string Text = "The request cannot be read: it is not a message of this rpc.";

    private static readonly string Unknown = $"{(int)StatusCode.Unknown}";
    private static readonly RpcException Answer = GrpcErrors.Answer(RefusalReason.InvalidRequest, Text, []);

    public static async Task AnswerAsync(HttpContext http, RequestDelegate next)
    {
        await next(http);
        var trailers = http.Features.Get<IHttpResponseTrailersFeature>()?.Trailers;
        if (trailers is { IsReadOnly: false } && Is(trailers))
        {
            Write(trailers);
        }
        else if (!http.Response.HasStarted && Is(http.Response.Headers))
        {
            Write(http.Response.Headers);
        }
    }

    /// <summary>So is a form that is none, or that has characters in it that no text has.</summary>
    public static async Task AnswerFormAsync(HttpContext http, RequestDelegate next)
    {
        try
        {
            await next(http);
        }
        catch (InvalidDataException) when (!http.Response.HasStarted)
        {
            http.Response.StatusCode = StatusCodes.Status400BadRequest;
        }
    }

    /// <summary>What a handler throws has details; only what never reached one has none.</summary>
    private static bool Is(IHeaderDictionary headers) =>
        headers.TryGetValue(StatusName, out var status) && status == Unknown
        && Answer.Trailers.All(entry => !headers.ContainsKey(entry.Key));

    private static void Write(IHeaderDictionary headers)
    {
        headers[StatusName] = $"{(int)Answer.StatusCode}";
        headers[MessageName] = Text;
        foreach (var entry in Answer.Trailers)
        {
            headers[entry.Key] = Convert.ToBase64String(entry.ValueBytes).TrimEnd('=');
        }
    }
}
