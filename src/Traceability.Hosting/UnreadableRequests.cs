using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
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

    public static async Task AnswerAsync(HttpContext http, RequestDelegate next)
    {
        await next(http);
        var trailers = http.Features.Get<IHttpResponseTrailersFeature>()?.Trailers;
        if (trailers is { IsReadOnly: false } && Is(trailers))
        {
            Answer(trailers);
        }
        else if (!http.Response.HasStarted && Is(http.Response.Headers))
        {
            Answer(http.Response.Headers);
        }
    }

    /// <summary>What a handler throws has details; only what never reached one has none.</summary>
    private static bool Is(IHeaderDictionary headers) =>
        headers.TryGetValue(StatusName, out var status) && status == Unknown
        && !headers.ContainsKey(GrpcErrors.DetailsTrailer);

    private static void Answer(IHeaderDictionary headers)
    {
        var info = new ErrorInfo
        {
            Reason = GrpcErrorNames.Of(RefusalReason.InvalidRequest),
            Domain = GrpcErrors.Domain,
        };
        var details = new Google.Rpc.Status { Code = (int)StatusCode.InvalidArgument, Message = Text };
        details.Details.Add(Any.Pack(info));
        headers[StatusName] = $"{(int)StatusCode.InvalidArgument}";
        headers[MessageName] = Text;
        var text = Convert.ToBase64String(details.ToByteArray()).TrimEnd('=');
        headers[GrpcErrors.DetailsTrailer] = new StringValues(text);
    }
}
