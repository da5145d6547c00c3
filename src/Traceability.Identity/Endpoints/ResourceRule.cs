using OpenIddict.Abstractions;
using OpenIddict.Server;
using Traceability.Identity.Clients;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Traceability.Identity.Endpoints;

/// <summary>
/// A token is for one server, and for one that its client was given (RFC 8707). None, several, an unknown one and one
/// of others are the same refusal.
/// </summary>
internal sealed class ResourceRule(ClientManager clients)
    : IOpenIddictServerHandler<ValidateTokenRequestContext>,
        IOpenIddictServerHandler<ValidateAuthorizationRequestContext>
{
    public const string Refusal =
        "The resource must be the one server that the token is for, and one that may be worked with.";

    /// <summary>After the client has proved who it is.</summary>
    public static OpenIddictServerHandlerDescriptor OfTokens { get; } =
        OpenIddictServerHandlerDescriptor.CreateBuilder<ValidateTokenRequestContext>()
            .UseScopedHandler<ResourceRule>()
            .SetOrder(OpenIddictServerHandlers.Exchange.ValidateResourcePermissions.Descriptor.Order)
            .Build();

    public static OpenIddictServerHandlerDescriptor OfAuthorizations { get; } =
        OpenIddictServerHandlerDescriptor.CreateBuilder<ValidateAuthorizationRequestContext>()
            .UseScopedHandler<ResourceRule>()
            .SetOrder(OpenIddictServerHandlers.Authentication.ValidateResourcePermissions.Descriptor.Order)
            .Build();

    public async ValueTask HandleAsync(ValidateTokenRequestContext context)
    {
        // What was granted with a code is for one server already; TokenEndpoint holds the request against it.
        var granted = !context.Request.IsClientCredentialsGrantType();
        if (!(granted && context.Request.GetResources().Length == 0)
            && !await MayAskAsync(context.ClientId, context.Request))
        {
            context.Reject(Errors.InvalidTarget, Refusal);
        }
    }

    public async ValueTask HandleAsync(ValidateAuthorizationRequestContext context)
    {
        if (!await MayAskAsync(context.ClientId, context.Request))
        {
            context.Reject(Errors.InvalidTarget, Refusal);
        }
    }

    private async Task<bool> MayAskAsync(string? clientId, OpenIddictRequest request) =>
        request.GetResources() is [var resource]
        && clientId is not null
        && await clients.FindByClientIdAsync(clientId) is { } client
        && client.Resources.Contains(resource, StringComparer.Ordinal);
}
