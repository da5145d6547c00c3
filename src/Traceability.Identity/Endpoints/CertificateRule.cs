using Microsoft.AspNetCore;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using Traceability.Hosting;
using Traceability.Identity.Clients;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Traceability.Identity.Endpoints;

/// <summary>
/// A program that shows no certificate is told so before it is known who it is: that says nothing of its secret.
/// </summary>
internal sealed class MustShowCertificate : IOpenIddictServerHandler<ValidateTokenRequestContext>
{
    public static OpenIddictServerHandlerDescriptor Descriptor { get; } =
        OpenIddictServerHandlerDescriptor.CreateBuilder<ValidateTokenRequestContext>()
            .UseSingletonHandler<MustShowCertificate>()
            .SetOrder(OpenIddictServerHandlers.Exchange.ValidateAuthentication.Descriptor.Order - 1)
            .Build();

    public ValueTask HandleAsync(ValidateTokenRequestContext context)
    {
        if (context.Request.IsClientCredentialsGrantType()
            && context.Transaction.GetHttpRequest()?.HttpContext.CertificateFingerprint() is null)
        {
            context.Reject(
                Errors.InvalidRequest,
                "A program's token is bound to its certificate: connect with one that names its operator.");
        }

        return ValueTask.CompletedTask;
    }
}

/// <summary>
/// A program gets tokens over a connection whose certificate speaks for its operator. With another one its secret is as
/// good as a wrong one, and nobody who has found a secret learns that it is right.
/// </summary>
internal sealed class CertificateRule(ClientManager clients) : IOpenIddictServerHandler<ValidateTokenRequestContext>
{
    /// <summary>Directly after the client has proved who it is: nothing else is said before.</summary>
    public static OpenIddictServerHandlerDescriptor Descriptor { get; } =
        OpenIddictServerHandlerDescriptor.CreateBuilder<ValidateTokenRequestContext>()
            .UseScopedHandler<CertificateRule>()
            .SetOrder(OpenIddictServerHandlers.Exchange.ValidateAuthentication.Descriptor.Order + 1)
            .Build();

    public async ValueTask HandleAsync(ValidateTokenRequestContext context)
    {
        if (context.Request.IsClientCredentialsGrantType()
            && !(await clients.FindByClientIdAsync(context.ClientId ?? "") is { } client
                && context.Transaction.GetHttpRequest()?.HttpContext.ShowsCertificateOf(client.OperatorId) is true))
        {
            context.Reject(Errors.InvalidClient);
        }
    }
}
